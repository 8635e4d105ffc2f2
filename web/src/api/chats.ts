import type { Http } from './http'
import type { Chat, ChatChanges, ChatDetail, ImageTask, Message, MessagePage, PagePicture } from './types'

/** Which chats are listed; `folder` includes what lies below it. */
export interface ChatFilter {
  shelf: 'active' | 'archived'
  folder: string | null
  tag: string | null
}
export interface ChatPage {
  /** Those changed last come first; on the first page all pinned ones before them. */
  chats: Chat[]
  /** Where the next page begins; null when this is the last. */
  next: number | null
  /** Of all chats, whatever the filter. */
  folders: string[]
  tags: string[]
}

const CHATS_OF_A_PAGE = 60

export function listChats(http: Http, filter: ChatFilter, before: number | null): Promise<ChatPage> {
  const query = new URLSearchParams({ shelf: filter.shelf, limit: String(CHATS_OF_A_PAGE) })
  if (filter.folder !== null) query.set('folder', filter.folder)
  if (filter.tag !== null) query.set('tag', filter.tag)
  if (before !== null) query.set('before', String(before))
  return http.request('GET', `/api/chats?${query}`)
}

export const createChat = (http: Http, fields: ChatChanges): Promise<Chat> => http.request('POST', '/api/chats', fields)

/** A chat with the last messages of the branch that is shown. */
export const getChat = (http: Http, chatId: string, limit: number): Promise<ChatDetail> => http.request('GET', `/api/chats/${chatId}?limit=${limit}`)

/** The messages that come before one on its branch. */
export const getEarlier = (http: Http, chatId: string, beforeId: string, limit: number): Promise<MessagePage> =>
  http.request('GET', `/api/chats/${chatId}/messages?before=${beforeId}&limit=${limit}`)

/** Makes the newest branch through a message the one that is shown. */
export const showBranch = (http: Http, chatId: string, messageId: string): Promise<ChatDetail> =>
  http.request('POST', `/api/chats/${chatId}/show`, { message_id: messageId })

export const changeChat = (http: Http, chatId: string, changes: ChatChanges): Promise<Chat> =>
  http.request('PATCH', `/api/chats/${chatId}`, changes)

export const deleteChat = (http: Http, chatId: string): Promise<void> => http.request('DELETE', `/api/chats/${chatId}`)

export interface NewMessage {
  text: string
  parent_id: string | null
  document_ids: string[]
  task?: ImageTask
  pages?: PagePicture[]
}

export const sendMessage = (
  http: Http,
  chatId: string,
  message: NewMessage,
  idempotencyKey: string,
): Promise<{ message: Message; reply: Message; run_id: string }> =>
  http.request('POST', `/api/chats/${chatId}/messages`, message, { 'Idempotency-Key': idempotencyKey })

/** Makes another version of a reply; without a model it is that of the chat. */
export const regenerate = (http: Http, replyId: string, model: string | null = null): Promise<{ reply: Message; run_id: string }> =>
  http.request('POST', `/api/messages/${replyId}/regenerate`, model === null ? undefined : { model })

/** Makes a version that begins with the text of a reply and goes on. */
export const continueReply = (http: Http, replyId: string): Promise<{ reply: Message; run_id: string }> =>
  http.request('POST', `/api/messages/${replyId}/continue`)
