/** Codes of bk-sops itself, prefix 35. Source: `gcloud/err_code.py`. The seed's version gives none. */
export const CODES = {
  success: 0,
  badParameter: 3540000,
  noPermission: 3540100,
  notFound: 3540400,
  invalidOperation: 3545000,
  operationFailed: 3545100,
  validation: 3546100,
  unknown: 3599999,
} as const
