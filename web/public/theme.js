// Runs before the first paint: the chosen theme and language are there from the start, without a flash.
;(function () {
  try {
    var saved = JSON.parse(localStorage.getItem('samovar.preferences') || '{}')
    if (saved.theme && saved.theme !== 'system') document.documentElement.dataset.theme = saved.theme
    var language = saved.language || (navigator.language || 'en').slice(0, 2)
    document.documentElement.lang = language === 'ru' ? 'ru' : 'en'
  } catch (problem) {
    document.documentElement.removeAttribute('data-theme')
  }
})()
