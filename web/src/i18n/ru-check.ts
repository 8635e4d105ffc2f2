import type { CheckMessages } from './messages'

export const ruCheck: CheckMessages = {
  'check.title': 'Проверка поиска',
}
