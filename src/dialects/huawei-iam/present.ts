import type { Caller } from '../../host/app.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView } from '../../model/view.ts'
import { accountId, derivedId } from '../kit/derived-id.ts'
import type {
  CatalogBody,
  CatalogEntry,
  DomainsBody,
  EndpointEntry,
  IdentityBody,
  Links,
  NamedRef,
  ProjectsBody,
  RegionsBody,
  ServiceEntry,
  TemporaryKeyBody,
  TokenBody,
  UserEntry,
  VersionBody,
} from './wire.ts'

/** The one place there is: this server. */
export const REGION = 'millrace'

/** Accounts have a name only with us; their id is made of it, so that it is the same in every answer. */
export const domainRef = (name: string): NamedRef => ({ id: accountId(name), name })

/** Our three roles. The vendor's account administrator and its guest are `te_admin` and `readonly`; it has no word between. */
const ROLE = {
  viewer: { id: derivedId('role/readonly'), name: 'readonly' },
  operator: { id: derivedId('role/operator'), name: 'operator' },
  admin: { id: derivedId('role/te_admin'), name: 'te_admin' },
} as const satisfies Record<Caller['role'], NamedRef>

export type Scope = { readonly kind: 'domain' } | { readonly kind: 'project'; readonly project: ProjectView }

/** `baseUrl` null: without the catalog. */
export function presentToken(
  caller: Caller,
  scope: Scope,
  method: 'password' | 'token',
  times: { readonly issuedAt: Instant; readonly expiresAt: Instant | null },
  baseUrl: string | null,
): TokenBody {
  const domain = domainRef(caller.domain)
  return {
    token: {
      ...(baseUrl === null ? {} : { catalog: catalog(baseUrl) }),
      ...(scope.kind === 'domain'
        ? { domain }
        : { project: { id: scope.project.id, name: scope.project.name, domain } }),
      expires_at: times.expiresAt === null ? null : microseconds(times.expiresAt),
      issued_at: microseconds(times.issuedAt),
      methods: [method],
      roles: [ROLE[caller.role]],
      user: { id: caller.user.id, name: caller.user.name, domain, password_expires_at: '' },
    },
  }
}

export const presentProjects = (
  projects: readonly ProjectView[],
  caller: Caller,
  baseUrl: string,
  path: string,
): ProjectsBody => ({
  links: links(`${baseUrl}${path}`),
  projects: projects.map((project) => presentProject(project, caller, baseUrl)),
})

export const presentProject = (
  project: ProjectView,
  caller: Caller,
  baseUrl: string,
): ProjectsBody['projects'][number] => ({
  id: project.id,
  name: project.name,
  domain_id: domainRef(caller.domain).id,
  parent_id: domainRef(caller.domain).id,
  is_domain: false,
  description: project.description,
  enabled: true,
  links: { self: `${baseUrl}/v3/projects/${project.id}` },
})

export function presentDomains(caller: Caller, baseUrl: string): DomainsBody {
  const domain = domainRef(caller.domain)
  const self = `${baseUrl}/v3/domains/${domain.id}`
  return {
    links: links(`${baseUrl}/v3/auth/domains`),
    domains: [{ ...domain, description: '', enabled: true, links: { self } }],
  }
}

export const presentRegions = (baseUrl: string): RegionsBody => ({
  links: links(`${baseUrl}/v3/regions`),
  regions: [
    {
      id: REGION,
      type: 'public',
      description: '',
      parent_region_id: null,
      locales: { 'zh-cn': REGION, 'en-us': REGION },
      links: { self: `${baseUrl}/v3/regions/${REGION}` },
    },
  ],
})

/** The services of this server that an IAM token opens. */
function catalog(baseUrl: string): readonly CatalogEntry[] {
  const services = [
    ['iam', 'identity', '/v3'],
    ['codearts-pipeline', 'cloudpipeline', ''],
    ['codearts-check', 'codecheck', ''],
    ['swr', 'swr', ''],
  ] as const
  return services.map(([name, type, path]) => ({
    id: derivedId(`service/${name}`),
    name,
    type,
    endpoints: [
      {
        id: derivedId(`endpoint/${name}`),
        interface: 'public',
        region: REGION,
        region_id: REGION,
        url: `${baseUrl}${path}`,
      },
    ],
  }))
}

export const presentCatalog = (baseUrl: string): CatalogBody => ({
  catalog: catalog(baseUrl),
  links: { self: `${baseUrl}/v3/auth/catalog`, previous: null, next: null },
})

/** The services of the catalog, each with its one endpoint. */
export function presentServices(baseUrl: string): readonly ServiceEntry[] {
  return catalog(baseUrl).map(({ id, name, type }) => ({
    id,
    name,
    type,
    description: '',
    enabled: true,
    links: { self: `${baseUrl}/v3/services/${id}` },
  }))
}

export const presentEndpoints = (baseUrl: string): readonly EndpointEntry[] =>
  catalog(baseUrl).flatMap(({ id, endpoints }) =>
    endpoints.map((endpoint) => ({
      ...endpoint,
      service_id: id,
      name: '',
      enabled: true,
      links: { self: `${baseUrl}/v3/endpoints/${endpoint.id}` },
    })),
  )

export const presentUser = ({ user, domain }: Caller, baseUrl: string): UserEntry => ({
  id: user.id,
  name: user.name,
  domain_id: domainRef(domain).id,
  enabled: true,
  description: '',
  password_expires_at: null,
  last_project_id: null,
  pwd_status: true,
  links: { self: `${baseUrl}/v3/users/${user.id}` },
})

export function presentIdentity({ user, domain }: Caller): IdentityBody {
  const { id } = domainRef(domain)
  return { account_id: id, principal_urn: `iam::${id}:user:${user.name}`, principal_id: user.id }
}

/** Keystone's own answer for `/v3`: the version that HUAWEI CLOUD tells. */
export const presentVersion = (baseUrl: string): VersionBody => ({
  version: {
    id: 'v3.6',
    status: 'stable',
    updated: '2016-04-04T00:00:00Z',
    links: [{ rel: 'self', href: `${baseUrl}/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  },
})

export const presentTemporaryKey = (
  access: string,
  secret: string,
  securitytoken: string,
  expiresAt: Instant,
): TemporaryKeyBody => ({ credential: { access, secret, expires_at: microseconds(expiresAt), securitytoken } })

export const links = (self: string): Links => ({ self, previous: null, next: null })

/** `2026-01-02T03:04:05.006000Z`: always six digits. */
const microseconds = (at: Instant): string => new Date(at).toISOString().replace('Z', '000Z')
