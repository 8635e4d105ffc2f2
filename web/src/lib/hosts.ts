/** Whether what was written names a machine other than this one; null for what is no address yet. */
export function isBeyond(written: string): boolean | null {
  const text = written.trim()
  if (text === '') return null
  try {
    const { hostname } = new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`)
    if (hostname === '') return null
    return !(hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || hostname === '0.0.0.0' || /^127(\.\d{1,3}){3}$/.test(hostname))
  } catch {
    return null
  }
}
