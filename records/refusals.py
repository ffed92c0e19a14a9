"""Why a file as a whole is refused: what was wrong, and what to do."""

from records.mapping import Refusal

TEXTS = {
    "empty": (
        "The file is empty. Choose the file again, or save it once more.",
        "Файл пуст. Выберите его снова или сохраните ещё раз.",
        "Faýl boş. Ony täzeden saýlaň ýa-da ýene bir gezek ýazdyryň.",
    ),
    "truncated": (
        "The file is cut off. Save it again and send it once more.",
        "Файл обрывается. Сохраните его заново и отправьте ещё раз.",
        "Faýl kesilen. Ony täzeden ýazdyryp, gaýtadan iberiň.",
    ),
    "binary": (
        "This is no table. Send CSV or XLSX.",
        "Это не таблица. Отправьте CSV или XLSX.",
        "Bu tablisa däl. CSV ýa-da XLSX iberiň.",
    ),
    "password": (
        "The workbook is protected by a password. Remove the password and send it again.",
        "Книга защищена паролем. Снимите пароль и отправьте снова.",
        "Kitap parol bilen goralan. Paroly aýryp, täzeden iberiň.",
    ),
    "bomb": (
        "Reading this file takes more memory or time than is allowed; its structure is damaged or hostile. Save the table as CSV and send that.",
        "Чтение файла требует больше памяти или времени, чем допустимо; его структура повреждена или вредоносна. Сохраните таблицу как CSV.",
        "Faýly okamak rugsat edilenden köp ýat ýa-da wagt talap edýär; gurluşy zaýalanan. Tablisany CSV görnüşinde ýazdyryň.",
    ),
    "unreadable": (
        "The file cannot be read: it is damaged. Save it again as CSV or XLSX.",
        "Файл не читается: он повреждён. Сохраните его заново как CSV или XLSX.",
        "Faýly okap bolmaýar: ol zaýalanan. CSV ýa-da XLSX görnüşinde täzeden ýazdyryň.",
    ),
    "encoding": (
        "The letters of this file cannot be read. Save it as CSV UTF-8.",
        "Буквы файла не читаются. Сохраните его как CSV UTF-8.",
        "Faýlyň harplaryny okap bolmaýar. Ony CSV UTF-8 görnüşinde ýazdyryň.",
    ),
    "unsupported": (
        "This kind of file is not read. Save the table as XLSX without macros, or as CSV.",
        "Такой вид файла не читается. Сохраните таблицу как XLSX без макросов или CSV.",
        "Faýlyň bu görnüşi okalmaýar. Tablisany makrossyz XLSX ýa-da CSV görnüşinde ýazdyryň.",
    ),
    "too_large": (
        "The workbook has too many rows or columns. Save it as CSV; that has no limit of rows.",
        "В книге слишком много строк или столбцов. Сохраните её как CSV: там нет предела строк.",
        "Kitapda setir ýa-da sütün gaty köp. CSV görnüşinde ýazdyryň: onda setir çägi ýok.",
    ),
    "full_sheet": (
        "The sheet ends exactly at the limit of its format, so rows are probably missing. Send the rest, or CSV.",
        "Лист кончается точно на пределе формата: вероятно, строки потеряны. Отправьте CSV.",
        "Sahypa formatyň çäginde gutarýar: setirler ýiten bolmagy mümkin. CSV iberiň.",
    ),
}


def refusal(code: str, where: str = "") -> Refusal:
    """Return the refusal of this code in three languages."""
    return Refusal(code, dict(zip(("en", "ru", "tk"), TEXTS[code], strict=True)), where)
