import type { Http } from './http'
import type { Chat, ChatChanges, ChatDetail, ImageTask, Message, PagePicture } from './types'

export const listChats = async (http: Http): Promise<Chat[]> =>
  (await http.request<{ chats: Chat[] }>('GET', '/api/chats')).chats

export const createChat = (http: Http, fields: ChatChanges): Promise<Chat> => http.request('POST', '/api/chats', fields)

export const getChat = (http: Http, chatId: string): Promise<ChatDetail> => http.request('GET', `/api/chats/${chatId}`)

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

export const regenerate = (http: Http, replyId: string): Promise<{ reply: Message; run_id: string }> =>
  http.request('POST', `/api/messages/${replyId}/regenerate`)
