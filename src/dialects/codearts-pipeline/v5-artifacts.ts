import type { ArtifactView } from '../../model/artifact.ts'
import type { RunView } from '../../model/view.ts'
import type { PackageInfo } from './v5-wire.ts'

/** `Artifact` of the SDKs: all text, but the number of the build. */
export interface Artifact {
  readonly project_id: string
  readonly name: string
  readonly artifact_version: string
  readonly upload_target: string
  readonly artifact_package_type: string
  readonly artifact_uri: string
  readonly artifact_download_url_with_id: string
  readonly artifact_type: string
  readonly hash_code: readonly { readonly hash_type: string; readonly hash_value: string }[]
  readonly job_id: string
  readonly build_no: number
  readonly daily_build_number: string
  readonly file_size: string
}

/** An element of `artifacts` of a run's detail. */
export function presentPackage(run: RunView, artifact: ArtifactView, baseUrl: string): PackageInfo {
  const { name, artifact_package_type, artifact_version, artifact_uri } = presentArtifact(run, artifact, baseUrl)
  return { name, packageType: artifact_package_type, version: artifact_version, downloadUrl: artifact_uri }
}

/** The address is that of our own API: what is kept there is kept once for all wires, and the same token opens it. */
export function presentArtifact(run: RunView, artifact: ArtifactView, baseUrl: string): Artifact {
  const { name, sha256, sizeBytes, node } = artifact
  const address = `${baseUrl}/api/v1/runs/${run.id}/artifacts/${encodeURIComponent(name)}`
  return {
    project_id: run.project.id,
    name,
    artifact_version: String(run.number),
    upload_target: '',
    artifact_package_type: 'generic',
    artifact_uri: address,
    artifact_download_url_with_id: address,
    artifact_type: 'generic',
    hash_code: [{ hash_type: 'SHA-256', hash_value: sha256 }],
    job_id: node,
    build_no: run.number,
    daily_build_number: '',
    file_size: String(sizeBytes),
  }
}
