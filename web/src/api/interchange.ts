import type { Http } from './http'
import { upload } from './upload'

export const CHAT_FORMATS = ['markdown', 'docx', 'pdf', 'json'] as const
export type ChatFormat = (typeof CHAT_FORMATS)[number]

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

/** The address of one chat as a file. */
export const chatExportAddress = (chatId: string, format: ChatFormat): string => `/api/chats/${chatId}/export?format=${format}`
/** The address of all chats as a file; Markdown comes as a ZIP archive. */
export const exportAddress = (format: 'json' | 'markdown'): string => `/api/export?format=${format}`
