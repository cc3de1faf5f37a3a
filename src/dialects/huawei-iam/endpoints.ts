import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'

const row = (
  method: EndpointMethod | readonly EndpointMethod[],
  path: string,
  from: string,
  more: Partial<EndpointRow> = {},
): EndpointRow => ({
  method,
  path,
  family: /^\/(v[\d.]+)/.exec(path)?.[1] ?? '',
  source: 'sibling',
  from,
  served: true,
  ...more,
})

const keyPairs = {
  served: { reason: 'key pairs without an end are made on the server, whose owner can see and end them' },
}
const users = { served: { reason: 'users and rights are made on the server, not over this API' } }

export const endpoints: readonly EndpointRow[] = [
  row(
    'POST',
    '/v3/auth/tokens',
    'a token for a password, or for another token, 24 h; `?nocatalog`. Needs no other credential',
    { source: 'seed' },
  ),
  row(['GET', 'HEAD'], '/v3/auth/tokens', 'whose token `X-Subject-Token` is; HEAD: whether it is one'),
  row('DELETE', '/v3/auth/tokens', 'revokes `X-Subject-Token`; Keystone, section "Revoke token"'),
  row('GET', '/v3/auth/catalog', 'the services of this server; Keystone'),
  row('GET', '/v3/auth/projects', 'projects of the caller'),
  row('GET', '/v3/auth/domains', 'the one account; SDKs ask at their start'),
  row(
    'GET',
    '/v3/projects',
    '`?name=`, `?domain_id=`, `?page=` with `?per_page=`; SDKs and Terraform with a region and no project ask at their start',
  ),
  row('POST', '/v3/projects', 'makes a project; the Node SDK may at its start'),
  row('GET', '/v3/projects/:id', 'one project'),
  row('GET', '/v3/regions', 'the one region'),
  row('GET', '/v3/regions/:id', 'it'),
  row('GET', '/v3', 'the version of the API, to everybody; Keystone'),
  row('GET', '/v3/services', 'the services of the catalog; `?type=`'),
  row('GET', '/v3/services/:id', 'one of them'),
  row('GET', '/v3/endpoints', 'their addresses; `?interface=`, `?service_id=`'),
  row('GET', '/v3/endpoints/:id', 'one of them'),
  row('GET', '/v3/users', 'oneself: nobody sees others here'),
  row('GET', '/v3/users/:id', 'oneself'),
  row('GET', '/v3/users/:id/projects', 'projects of the caller'),
  row(
    'POST',
    '/v3.0/OS-CREDENTIAL/securitytokens',
    'a temporary key pair with its security token, 15 minutes to 24 h, for a token',
  ),
  row('GET', '/v3-ext/projects/:id', 'ShowProjectDetailsAndStatus: the same, with `status: normal`'),
  row(
    'GET',
    '/v5/caller-identity',
    'GetCallerIdentity of STS: account and user; SDKs that know neither account nor project ask at their start',
  ),
  row('PUT', '/v3-ext/projects/:id', 'UpdateProjectStatus: suspends a project', {
    served: { reason: 'projects are not suspended: users, tokens and key pairs are disabled' },
  }),
  row('PATCH', '/v3/projects/:id', 'changes a project', {
    served: { reason: 'a name here is what other systems know it by' },
  }),
  row(['POST', 'PATCH', 'DELETE'], '/v3/users', 'makes, changes and removes users', users),
  row('POST', '/v3.0/OS-USER/users', 'makes a user', users),
  row(['GET', 'POST'], '/v3.0/OS-CREDENTIAL/credentials', 'permanent key pairs', {
    ...keyPairs,
  }),
  row(['GET', 'PUT', 'DELETE'], '/v3.0/OS-CREDENTIAL/credentials/:access_key', 'one of them', keyPairs),
  row('POST', '/v3.0/OS-AUTH/id-token/tokens', 'CreateTokenWithIdToken: what `IdpCredentials` of the SDKs ask for', {
    served: { reason: 'no other system vouches for users of this server' },
  }),
  row('POST', '/v3.0/OS-AUTH/securitytoken/logintokens', 'CreateLoginToken: a way into the console', {
    served: { reason: 'the page has a sign-in of its own' },
  }),
  row('GET', '/v3/OS-FEDERATION/projects', 'projects of users of another system', {
    also: ['/v3/OS-FEDERATION/domains', '/v3/OS-FEDERATION/identity_providers'],
    served: { reason: 'no other system vouches for users of this server' },
  }),
  row('GET', '/v3.0/OS-QUOTA/projects/:id', 'ShowProjectQuota', {
    also: ['/v3.0/OS-QUOTA/domains/:id'],
    served: { reason: 'there are no quotas' },
  }),
]
