"""OpenStack's own client of Keystone, as Debian has it, signs in and looks round: `keystone-client.py URL USER PASSWORD DOMAIN PROJECT_ID`.

Prints JSON: for each way to say what the token is for, what the client made of the answers.
"""

import json
import sys

from keystoneauth1 import session
from keystoneauth1.exceptions.http import HttpError
from keystoneauth1.identity import v3
from keystoneclient.v3 import client

url, user, password, domain, project = sys.argv[1:]
SCOPES = {
    "project_id": {"project_id": project},
    "project_name": {"project_name": "default", "project_domain_name": domain},
    "domain": {"domain_name": domain},
    "none": {},
}


def signed_in(auth_url, secret, scope):
    auth = v3.Password(auth_url=auth_url, username=user, password=secret, user_domain_name=domain, **scope)
    return auth, session.Session(auth=auth)


def seen(scope):
    auth, here = signed_in(url + "/v3", password, scope)
    keystone = client.Client(session=here, endpoint_override=url + "/v3")
    token = here.get_token()
    access = auth.get_access(here)
    check = here.get(
        "/v2/%s/tasks" % project, params={"limit": 1}, endpoint_filter={"service_type": "codecheck"}
    )
    answer = {
        "user": [here.get_user_id(), access.username, access.user_domain_name],
        "project": here.get_project_id(),
        "lives_s": (access.expires - access.issued).total_seconds(),
        "services": len(access.service_catalog.get_endpoints_data()),
        "projects": [[one.id, one.name] for one in keystone.auth.projects()],
        "own": [one.id for one in keystone.projects.list(user=here.get_user_id())],
        "shown": keystone.projects.get(project).name,
        "domains": [one.name for one in keystone.auth.domains()],
        "self": keystone.users.get(here.get_user_id()).name,
        "regions": [one.id for one in keystone.regions.list()],
        "types": [one.type for one in keystone.services.list()],
        "endpoints": len(keystone.endpoints.list()),
        "valid": keystone.tokens.validate(token).user_id,
        "check": [check.status_code, check.json()["total"]],
        "revoked": keystone.tokens.revoke_token(token)[0].status_code,
    }
    try:
        keystone.tokens.validate(token, include_catalog=False)
        answer["after"] = "still valid"
    except HttpError as refusal:
        answer["after"] = refusal.http_status
    return answer


def rescoped():
    """A token of the account becomes one of the project, and no wrong one does."""
    auth, here = signed_in(url + "/v3", password, {"domain_name": domain})
    other = v3.Token(auth_url=url + "/v3", token=here.get_token(), project_id=project)
    access = other.get_access(session.Session(auth=other))
    answer = [access.project_id, access.username, access.expires <= auth.get_access(here).expires]
    try:
        wrong = v3.Token(auth_url=url + "/v3", token="nobody's", project_id=project)
        return answer + [session.Session(auth=wrong).get_token()]
    except HttpError as refusal:
        return answer + [refusal.http_status]


def refused(auth_url, secret, scope):
    try:
        signed_in(auth_url, secret, scope)[1].get_token()
        return "let in"
    except HttpError as refusal:
        return [refusal.http_status, type(refusal).__name__, refusal.message]


json.dump(
    {
        "seen": {name: seen(scope) for name, scope in SCOPES.items()},
        "rescoped": rescoped(),
        "refused": {
            "password": refused(url + "/v3", password + "x", {}),
            "project": refused(url + "/v3", password, {"project_id": "0" * 32}),
        },
    },
    sys.stdout,
)
