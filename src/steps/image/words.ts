/** As registries and builders read them (github.com/distribution/reference); none begins with `-`. */

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'
const HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?'
export const IMAGE_NAME = new RegExp(`^(?=.{1,255}$)(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*$`)
export const IMAGE_TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
export const ARG_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
export const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$/
export const STAGE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/
export const PLATFORM = /^[a-z0-9]{1,32}\/[a-z0-9_]{1,32}(?:\/[a-z0-9]{1,32})?$/
export const DIGEST = /^sha256:[0-9a-f]{64}$/

/** A first part with a dot or a port is a registry; everything else is Docker Hub's. */
export function registryOf(name: string): string {
  const [first = '', ...rest] = name.split('/')
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io'
}
