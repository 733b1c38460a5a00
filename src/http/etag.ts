/** Whether `If-None-Match` (RFC 9110 §13.1.2) lets the answer with this ETag go out: false means 304. */
export function isNoneOf(etag: string, ifNoneMatch: string | undefined): boolean {
  const named = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return !named.includes(etag) && !named.includes('*')
}
