/** Asks the server; the only file of the page that sends anything. */

/** An answer that is none: with the server's own words. */
export class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const KEY = 'shapserve.token'

/** The page's own address ends with a slash, also where a proxy shows it without one. */
export const base = new URL(location.pathname.replace(/\/?$/, '/'), location.origin).href

/** The token lives as long as the tab, and stands in no address. */
export function readToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

/** Keeps a token for this tab. */
export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token)
  } catch {
    // A browser that keeps nothing asks again.
  }
}

/**
 * Returns the JSON that a path answers.
 * @param path relative to the page
 * @param body makes it a POST
 * @throws Refusal with the server's reason, or the browser's own error
 */
export async function ask<T>(
  path: string,
  { body, token, signal }: { body?: unknown; token: string; signal?: AbortSignal | undefined },
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', ...credentialsOf(token) }
  if (body !== undefined) headers['content-type'] = 'application/json'
  const response = await fetch(new URL(path, base), {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
    credentials: 'same-origin',
  })
  if (response.ok) return (await response.json()) as T
  throw await refusalOf(response)
}

/**
 * Returns what a path answers, whatever its type.
 * @throws Refusal with the server's reason, or the browser's own error
 */
export async function fetchFile(path: string, token: string): Promise<Blob> {
  const response = await fetch(new URL(path, base), {
    headers: credentialsOf(token),
    credentials: 'same-origin',
  })
  if (response.ok) return await response.blob()
  throw await refusalOf(response)
}

function credentialsOf(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` }
}

async function refusalOf(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: unknown }
  const detail = typeof problem.detail === 'string' ? problem.detail : response.statusText
  return new Refusal(response.status, detail)
}
