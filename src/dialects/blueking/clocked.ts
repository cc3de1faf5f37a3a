/** A pipeline that was made to run once, at one moment: what bk-sops knows of it, as JSON. */
export const CLOCKED_ANNOTATION = 'blueking/clocked'
