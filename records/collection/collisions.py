"""What is said of rows that come too late or whose number is already there."""

LATE = {
    "rule": "submission.closed",
    "severity": "error",
    "variable": "event_date",
    "message": {
        "en": "The period of this row is submitted or accepted. It is kept here until the period is "
        "opened again.",
        "ru": "Период этой строки уже сдан или принят. Строка хранится здесь, пока период не откроют "
        "снова.",
        "tk": "Bu setiriň döwri eýýäm tabşyryldy ýa-da kabul edildi. Döwür täzeden açylýança setir "
        "şu ýerde saklanýar.",
    },
}
REPEATED = {
    "rule": "record_ref.repeated",
    "severity": "error",
    "variable": "record_ref",
    "message": {
        "en": "This record number stands in several rows with different content. Keep the right one.",
        "ru": "Этот номер записи стоит в нескольких строках с разным содержанием. Оставьте верную.",
        "tk": "Bu ýazgy belgisi birnäçe setirde dürli mazmun bilen dur. Dogrusyny galdyryň.",
    },
}
OTHER_CONTENT = {
    "rule": "record_ref.other_content",
    "severity": "error",
    "variable": "record_ref",
    "message": {
        "en": "A record with this number is already here with other content. Correct that record, or "
        "undo the upload it came with.",
        "ru": "Запись с этим номером уже есть, но с другим содержанием. Исправьте её или отмените "
        "загрузку, с которой она пришла.",
        "tk": "Bu belgili ýazgy eýýäm bar, ýöne mazmuny başga. Şol ýazgyny düzediň ýa-da onuň gelen "
        "ýüklemesini yzyna alyň.",
    },
}
