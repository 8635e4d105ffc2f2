const FORGET_MS = 60_000

/** Hands a file to the browser to be saved. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // Some browsers read it only after the reader has chosen a place.
  setTimeout(() => URL.revokeObjectURL(link.href), FORGET_MS)
}

/** The name of a file in a Content-Disposition header (RFC 6266, the form in UTF-8 first); null for none. */
export function nameIn(disposition: string): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  try {
    if (encoded) return decodeURIComponent(encoded)
  } catch {
    // Not UTF-8: the plain form will do.
  }
  return /filename="([^"]+)"/i.exec(disposition)?.[1] ?? null
}
