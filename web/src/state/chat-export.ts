import { fetchChatExport, type ChatFormat } from '../api/interchange'
import { problemOf, type Http } from '../api/http'
import type { Problem } from '../api/types'
import { saveFile } from '../lib/save-file'

/** Saves one chat as a file. Returns why it could not be written: a download alone would fail without a word. */
export async function exportChat(http: Http, chatId: string, format: ChatFormat): Promise<Problem | null> {
  try {
    const { name, content } = await fetchChatExport(http, chatId, format)
    saveFile(name, content)
    return null
  } catch (error) {
    return problemOf(error)
  }
}
