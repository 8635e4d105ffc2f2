import type { Http } from './http'

/** How the server read a query; `since` is the first day, `until` the day after the last one. */
export interface ReadQuery {
  words: string
  tags: string[]
  folder: string | null
  role: 'user' | 'assistant' | null
  since: string | null
  until: string | null
}
/** A part of a text with the words that were found: pairs of offsets that count code points. */
export interface Excerpt {
  snippet: string
  marks: [number, number][]
}
export interface FoundMessage extends Excerpt {
  chat_id: string
  title: string
  folder: string
  /** Null where the title alone matches. */
  message_id: string | null
  role: 'user' | 'assistant' | null
  said_at: string
}
export interface FoundDocument extends Excerpt {
  document_id: string
  document: string
  page: number | null
}
/** A filter that could not be used, as it was typed: its words were looked for instead. */
export interface QueryProblem {
  typed: string
  reason: 'unknown_sender' | 'bad_date' | 'given_twice' | 'empty_period'
}
export interface Found {
  query: ReadQuery
  problems: QueryProblem[]
  messages: FoundMessage[]
  documents: FoundDocument[]
}

const MOST_HITS = 30

export const find = (http: Http, query: string): Promise<Found> => http.request('GET', `/api/find?${new URLSearchParams({ q: query, limit: String(MOST_HITS) })}`)
