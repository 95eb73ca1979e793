from django.contrib.auth.views import LogoutView
from django.urls import path

from iotsphere.accounts import profile
from iotsphere.accounts.first_start import FirstStartView
from iotsphere.accounts.login import Login

urlpatterns = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("profile/", profile.profile, name="profile"),
    path("profile/sign-ins/<int:pk>/end/", profile.end_sign_in, name="sign-in-end"),
    path("profile/sign-ins/end-others/", profile.end_others, name="sign-ins-end-others"),
    path("first-start/<str:token>/", FirstStartView.as_view(), name="first_start"),
]
