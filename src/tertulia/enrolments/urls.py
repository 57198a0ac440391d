"""Addresses of enrolments."""

from __future__ import annotations

from django.urls import path

from tertulia.enrolments.pages import installation, questions, rules, sources

app_name = "enrolments"

urlpatterns = [
    path("w/<slug:slug>/enrolments", sources.sources, name="sources"),
    path("w/<slug:slug>/enrolments/<uuid:source_id>", sources.source, name="source"),
    path("w/<slug:slug>/enrolments/<uuid:source_id>/delete", sources.delete, name="delete_source"),
    path("w/<slug:slug>/enrolments/runs/<uuid:run_id>", sources.run, name="run"),
    path("w/<slug:slug>/enrolments/lists/<uuid:list_id>", sources.uploaded, name="list"),
    path("w/<slug:slug>/enrolments/rules", rules.index, name="rules"),
    path("w/<slug:slug>/enrolments/rules/new", rules.new, name="new_rule"),
    path("w/<slug:slug>/enrolments/rules/preview", rules.preview, name="preview_new_rule"),
    path("w/<slug:slug>/enrolments/rules/<uuid:rule_id>", rules.rule, name="rule"),
    path("w/<slug:slug>/enrolments/rules/<uuid:rule_id>/preview", rules.preview, name="preview_rule"),
    path("w/<slug:slug>/enrolments/rules/<uuid:rule_id>/switch", rules.switch, name="switch_rule"),
    path("w/<slug:slug>/enrolments/rules/<uuid:rule_id>/confirm", rules.confirm, name="confirm_rule"),
    path("w/<slug:slug>/enrolments/rules/<uuid:rule_id>/delete", rules.delete, name="delete_rule"),
    path("w/<slug:slug>/questions", questions.answer, name="answer"),
    path("w/<slug:slug>/questions/pass", questions.pass_over, name="pass_over"),
    path("w/<slug:slug>/enrolments/questions", questions.index, name="questions"),
    path("w/<slug:slug>/enrolments/questions/<uuid:question_id>", questions.question, name="question"),
    path("w/<slug:slug>/enrolments/questions/<uuid:question_id>/delete", questions.delete, name="delete_question"),
    path("installation/systems", installation.systems, name="systems"),
    path("installation/systems/<uuid:system_id>", installation.system, name="system"),
    path("installation/rules", installation.index, name="installation_rules"),
    path("installation/rules/new", installation.new, name="new_installation_rule"),
    path("installation/rules/preview", installation.preview, name="preview_new_installation_rule"),
    path("installation/rules/<uuid:rule_id>", installation.rule, name="installation_rule"),
    path("installation/rules/<uuid:rule_id>/preview", installation.preview, name="preview_installation_rule"),
    path("installation/rules/<uuid:rule_id>/switch", installation.switch, name="switch_installation_rule"),
    path("installation/rules/<uuid:rule_id>/confirm", installation.confirm, name="confirm_installation_rule"),
    path("installation/rules/<uuid:rule_id>/delete", installation.delete, name="delete_installation_rule"),
]
