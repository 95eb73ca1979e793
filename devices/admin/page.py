from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator


class Page(ModelAdmin):
    """What the admin pages of all models have in common."""

    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    # What an empty list says, and what it takes for something to be there.
    nothing = "Nothing here"
    nothing_help = ""


class EndlessPage(Page):
    """For lists that nobody counts: a count would look at every row."""

    paginator = InfinitePaginator
    show_full_result_count = False
