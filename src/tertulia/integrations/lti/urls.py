"""Where LTI lives. What stands under `/lti/` is written into LMSs and never changes."""

from __future__ import annotations

from django.urls import path

from tertulia.integrations.lti.pages import courses, grades, installation, launching, registering

app_name = "lti"

urlpatterns = [
    path("lti/login", launching.login, name="login"),
    path("lti/launch", launching.launch, name="launch"),
    path("lti/jwks", launching.jwks, name="jwks"),
    path("lti/arrived", launching.arrived, name="arrived"),
    path("lti/open", launching.open_window, name="open"),
    path("lti/continue", launching.go_on, name="continue"),
    path("lti/at/<uuid:placement_id>", launching.at, name="at"),
    path("lti/register/<str:secret>", registering.register, name="register"),
    path("w/<str:slug>/lti", courses.index, name="courses"),
    path("w/<str:slug>/lti/mine", grades.mine, name="mine"),
    path("w/<str:slug>/lti/<uuid:context_id>/grades", grades.index, name="grades"),
    path("w/<str:slug>/lti/<uuid:context_id>/grades/new", grades.new, name="grade_new"),
    path("w/<str:slug>/lti/grades/<uuid:grade_id>", grades.grade, name="grade"),
    path("w/<str:slug>/lti/grades/<uuid:grade_id>/switch", grades.switch, name="grade_switch"),
    path("lti/courses/<uuid:context_id>", courses.course, name="course"),
    path("lti/courses/<uuid:context_id>/set-up", courses.set_up, name="set_up"),
    path("lti/courses/<uuid:context_id>/places", courses.places, name="places"),
    path("lti/courses/<uuid:context_id>/roster", courses.fetch, name="roster"),
    path("lti/courses/<uuid:context_id>/disconnect", courses.disconnect, name="disconnect"),
    path("lti/deep-linking/<uuid:request_id>", courses.choose, name="choose"),
    path("installation/lti", installation.index, name="installation"),
    path("installation/lti/link", installation.make_link, name="make_link"),
    path("installation/lti/rotate", installation.rotate, name="rotate"),
    path("installation/lti/add", installation.add, name="add"),
    path("installation/lti/courses/<uuid:context_id>", installation.course, name="installation_course"),
    path("installation/lti/courses/<uuid:context_id>/roster", installation.fetch, name="installation_roster"),
    path("installation/lti/<uuid:platform_id>", installation.platform, name="platform"),
    path("installation/lti/<uuid:platform_id>/addresses", installation.addresses, name="addresses"),
    path("installation/lti/<uuid:platform_id>/remove", installation.remove, name="remove"),
    path("installation/lti/<uuid:platform_id>/deployments", installation.deployments, name="deployments"),
]
