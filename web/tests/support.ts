import { Http } from '../src/api/http'
import type { Chat, ChatDocument, DocumentPage, Message } from '../src/api/types'
import { Line } from '../src/state/line.svelte'

export type Answer = (path: string, init: RequestInit) => Response | Promise<Response>

/** The outside wire is the only thing replaced. */
export function wire(answer: Answer): { http: Http; line: Line } {
  globalThis.fetch = async (input, init) => answer(String(input), init ?? {})
  const line = new Line()
  return { http: new Http(line), line }
}

export const problem = (status: number, code: string): Response =>
  new Response(JSON.stringify({ type: 'about:blank', status, code, title: code, detail: '', values: {} }), { status })

export const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })

export const reply: Message = {
  id: 'm', parent_id: 'q', position: 2, role: 'assistant', text: '', reasoning: '', document_ids: [], run_id: 'r', run_status: 'queued',
  error_code: null, model: null, citations: [], created_at: '',
}

/** A document as the server tells of it, with what a test is about put in. */
export const documentOf = (fields: Partial<ChatDocument> = {}): ChatDocument => ({
  id: 'd', base_id: null, parent_id: null, name: 'a.pdf', path: null, kind: 'pdf', media_type: 'application/pdf', size_bytes: 9, status: 'ready', stage: null, error: null,
  title: null, author: null, page_count: 1, pages_read: 1, chunk_count: 1, replaced_by: null, created_at: '', outline: [], pages: [], figures: [], ...fields,
})

export const pageOf = (page: number | null, fields: Partial<DocumentPage> = {}): DocumentPage => ({
  page, label: null, status: 'text', reason: null, confidence: null, width: 595, height: 842, ...fields,
})

/** A chat as the server tells of it, with what a test is about put in. */
export const chatOf = (fields: Partial<Chat> = {}): Chat => ({
  id: 'c', title: '', system_prompt: '', model: null, parameters: {}, head_id: null, folder: '', tags: [], pinned: false, archived: false, strategy: 'auto', context_after: null,
  facts: [], examples_id: null, created_at: '', updated_at: '', ...fields,
})
