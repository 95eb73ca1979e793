from django.contrib.auth.views import LogoutView
from django.urls import path

from iotsphere.accounts.first_start import FirstStartView
from iotsphere.accounts.login import Login

urlpatterns = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("first-start/<str:token>/", FirstStartView.as_view(), name="first_start"),
]
