import { nameIn } from '../lib/save-file'
import type { Http } from './http'
import { upload } from './upload'

export const CHAT_FORMATS = ['markdown', 'docx', 'pdf', 'json'] as const
export type ChatFormat = (typeof CHAT_FORMATS)[number]
const ENDINGS: Record<ChatFormat, string> = { markdown: 'md', docx: 'docx', pdf: 'pdf', json: 'json' }

/** What of an export was not understood, with how often and one example. */
export interface ImportProblem {
  what: string
  count: number
  example: string
}
export interface ImportReport {
  /** Where the export comes from: `chatgpt`, `claude`, `openwebui`, `librechat`, `samovar`. */
  source: string
  chats: number
  messages: number
  /** Chats that were here already. */
  skipped: number
  problems: ImportProblem[]
}

export const importChats = async (http: Http, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<ImportReport> =>
  (await upload<ImportReport>(http, `/api/import?${new URLSearchParams({ name: file.name })}`, file, onProgress, signal)).body

/** One chat as a file, with the name that the server gives it. */
export async function fetchChatExport(http: Http, chatId: string, format: ChatFormat): Promise<{ name: string; content: Blob }> {
  const response = await http.open('GET', `/api/chats/${chatId}/export?format=${format}`)
  return { name: nameIn(response.headers.get('Content-Disposition') ?? '') ?? `chat.${ENDINGS[format]}`, content: await response.blob() }
}
/** The address of all chats as a file; Markdown comes as a ZIP archive. */
export const exportAddress = (format: 'json' | 'markdown'): string => `/api/export?format=${format}`
