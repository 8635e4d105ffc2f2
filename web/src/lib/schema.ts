import type { JsonSchema } from '../api/types'

/** As long as the server takes. */
const MOST_CHARACTERS = 32_768
const KEYWORDS = ['type', 'properties', 'items', 'enum', 'const', '$ref', 'anyOf', 'oneOf', 'allOf']

/** A JSON Schema as it was read from a text; nothing for an empty text. */
export type ReadSchema = { schema: JsonSchema | undefined } | { wrong: 'notJson' | 'notObject' | 'notSchema' | 'tooLong' }

export function readSchema(text: string): ReadSchema {
  if (text.trim() === '') return { schema: undefined }
  if (text.length > MOST_CHARACTERS) return { wrong: 'tooLong' }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return { wrong: 'notJson' }
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return { wrong: 'notObject' }
  // An example of the wanted reply is the usual mistake: every value would be allowed by it.
  return KEYWORDS.some((keyword) => keyword in read) ? { schema: read as JsonSchema } : { wrong: 'notSchema' }
}
