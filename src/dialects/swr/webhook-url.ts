/** Where a trigger is fired: the form that the vendor hands out. */
export const webhookUrl = (baseUrl: string, id: string): string => `${baseUrl}/v2/manage/webhooks/${id}`

/** The id at the end of an address, whatever server it names; '' when there is none. */
export const webhookId = (url: string): string => /\/manage\/webhooks\/([^/?#]+)/.exec(url)?.[1] ?? ''
