/** Spelled as on the wire: HUAWEI CLOUD IAM v3, which is OpenStack Keystone's. */

export interface NamedRef {
  readonly id: string
  readonly name: string
}

export interface TokenBody {
  readonly token: {
    /** Missing with `?nocatalog`. */
    readonly catalog?: readonly CatalogEntry[]
    /** One of `project` and `domain`: what the token was asked for. */
    readonly project?: NamedRef & { readonly domain: NamedRef }
    readonly domain?: NamedRef
    /** `yyyy-MM-ddTHH:mm:ss.ffffffZ`; null: does not end. */
    readonly expires_at: string | null
    readonly issued_at: string
    readonly methods: readonly string[]
    readonly roles: readonly NamedRef[]
    readonly user: NamedRef & { readonly domain: NamedRef; readonly password_expires_at: string }
  }
}

export interface CatalogEntry extends NamedRef {
  readonly type: string
  readonly endpoints: readonly {
    readonly id: string
    readonly interface: 'public'
    readonly region: string
    readonly region_id: string
    readonly url: string
  }[]
}

export interface Links {
  readonly self: string
  readonly previous: null
  readonly next: null
}

export interface ProjectItem extends NamedRef {
  readonly domain_id: string
  readonly parent_id: string
  readonly is_domain: false
  readonly description: string
  readonly enabled: true
  readonly links: { readonly self: string }
}
export interface ProjectsBody {
  readonly links: Links
  readonly projects: readonly ProjectItem[]
}

export interface DomainsBody {
  readonly links: Links
  readonly domains: readonly (NamedRef & {
    readonly description: string
    readonly enabled: true
    readonly links: { readonly self: string }
  })[]
}

export interface RegionsBody {
  readonly links: Links
  readonly regions: readonly {
    readonly id: string
    readonly type: 'public'
    readonly description: string
    readonly parent_region_id: null
    readonly locales: { readonly 'zh-cn': string; readonly 'en-us': string }
    readonly links: { readonly self: string }
  }[]
}

export interface CatalogBody {
  readonly catalog: readonly CatalogEntry[]
  readonly links: Links
}

/** Of `POST /v3.0/OS-CREDENTIAL/securitytokens`. */
export interface TemporaryKeyBody {
  readonly credential: {
    readonly access: string
    readonly secret: string
    /** As the times of a token. */
    readonly expires_at: string
    readonly securitytoken: string
  }
}

/** Of `GET /v5/caller-identity`. */
export interface IdentityBody {
  readonly account_id: string
  /** `iam::<account id>:user:<name>`. */
  readonly principal_urn: string
  readonly principal_id: string
}

/** IAM's own. */
export interface ErrorBody {
  readonly error: { readonly code: number; readonly message: string; readonly title: string }
}

/** An element of `GET /v3/services`. */
export interface ServiceEntry {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly description: string
  readonly enabled: true
  readonly links: { readonly self: string }
}
/** An element of `GET /v3/endpoints`. */
export interface EndpointEntry {
  readonly id: string
  readonly service_id: string
  readonly interface: string
  readonly region: string
  readonly region_id: string
  readonly url: string
  readonly name: string
  readonly enabled: true
  readonly links: { readonly self: string }
}
export interface UserEntry {
  readonly id: string
  readonly name: string
  readonly domain_id: string
  readonly enabled: true
  readonly description: string
  readonly password_expires_at: null
  readonly last_project_id: null
  readonly pwd_status: true
  readonly links: { readonly self: string }
}
export interface VersionBody {
  readonly version: {
    readonly id: string
    readonly status: 'stable'
    readonly updated: string
    readonly links: readonly { readonly rel: 'self'; readonly href: string }[]
    readonly 'media-types': readonly { readonly base: string; readonly type: string }[]
  }
}
