"""Which URL belongs to which app; the pages themselves are named in `couplings.urls` and `jobs.urls`."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from couplings.views.accounts import ChangePassword

urlpatterns = [
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", ChangePassword.as_view(), name="password_change"),
    path("", include("couplings.urls")),
    path("", include("jobs.urls")),
]
