"""Where allauth looks for the kinds of providers that an app brings."""

from tertulia.people.sign_in.oidc.provider import OidcProvider

provider_classes = [OidcProvider]
