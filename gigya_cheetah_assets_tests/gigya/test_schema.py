from __future__ import annotations

from math import isnan

from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.gigya.schema import OldestDocument, SiteField, get_oldest_documents, get_schema, schema_of
from gigya_cheetah_assets_tests.gigya.scripted_site import ScriptedSite, ok

ANSWER = {
    "profileSchema": {"fields": {"email": {"type": "string", "encrypt": "AES"}, "birthYear": {"type": "long"}}},
    "dataSchema": {
        "fields": {
            "loyalty.tier": {"type": "string"},
            "loyalty": {"points": {"type": "integer"}},
            "type": {"type": "boolean"},
            "secret": {"type": "string", "encrypt": "AES-nonsearchable"},
        },
        "dynamicSchema": True,
    },
    "subscriptionsSchema": {"fields": {"news": {"email": {"type": "subscription", "doubleOptIn": True}}}},
    "preferencesSchema": {"fields": {"terms.tos": {"type": "consent", "currentDocVersion": 3.0}}},
}


def test_fields_stand_dotted_or_nested_with_what_can_be_asked_of_them() -> None:
    fields = schema_of(ANSWER).fields
    assert fields["profile.email"] == SiteField("text", "encrypted")
    assert fields["profile.birthYear"] == fields["data.loyalty.points"] == SiteField("number")
    assert fields["data.loyalty.tier"] == SiteField("text")
    assert fields["data.type"] == SiteField("flag")
    assert fields["data.secret"] == SiteField("text", "never")


def test_subscriptions_and_consents_have_their_members() -> None:
    fields = schema_of(ANSWER).fields
    assert fields["subscriptions.news.email.isSubscribed"] == SiteField("flag")
    assert fields["subscriptions.news.email.doubleOptIn.status"] == SiteField("text")
    assert fields["preferences.terms.tos.isConsentGranted"] == SiteField("flag")
    assert "subscriptions.news.email" not in fields


def test_objects_are_told_from_fields_and_top_level_fields_are_known() -> None:
    schema = schema_of(ANSWER)
    assert schema.is_object("data.loyalty")
    assert not schema.is_object("data.loyalty.tier")
    assert schema.fields["lastLoginTimestamp"] == SiteField("number")
    assert schema.fields["loginIDs.emails"].search == "encrypted"
    assert schema_of({}).fields.keys() < schema.fields.keys()


def test_all_four_parts_are_asked_for(site: ScriptedSite, client: GigyaClient) -> None:
    site.script("accounts.getSchema", ok(**ANSWER))
    assert "data.loyalty.tier" in get_schema(client).fields
    (form,) = site.forms("accounts.getSchema")
    assert form["include"] == "profileSchema,dataSchema,subscriptionsSchema,preferencesSchema"


def test_the_oldest_documents_of_consent_statements_are_read_whatever_their_type(
    site: ScriptedSite, client: GigyaClient
) -> None:
    fields = {
        "terms": {"tos": {"type": "consent", "currentDocVersion": 3.0, "minDocVersion": 2.0}},
        "privacy.partners": {"type": "consent", "minDocDate": "2018-05-25T00:00:00Z"},
        "surveys": {"type": "consent", "minDocVersion": "2"},
        "unasked": {"type": "consent", "currentDocVersion": 3.0},
        "garbled": {"type": "consent", "minDocVersion": ["2"]},
    }
    site.script("accounts.getSchema", ok(preferencesSchema={"fields": fields}))
    found = get_oldest_documents(client)
    garbled = found.pop("preferences.garbled").version
    assert garbled is not None
    assert isnan(garbled)
    assert found == {
        "preferences.terms.tos": OldestDocument(version=2.0),
        "preferences.privacy.partners": OldestDocument(date="2018-05-25T00:00:00Z"),
        "preferences.surveys": OldestDocument(version=2.0),
    }
    assert found["preferences.terms.tos"].in_words == "version 2.0 or newer"
    (form,) = site.forms("accounts.getSchema")
    assert form["include"] == "preferencesSchema"


def test_a_site_without_consent_statements_asks_for_no_document(site: ScriptedSite, client: GigyaClient) -> None:
    site.script("accounts.getSchema", ok())
    assert get_oldest_documents(client) == {}
