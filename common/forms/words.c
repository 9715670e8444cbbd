#include "forms/inside.h"

struct word {
    enum forms_words list;
    uint64_t number;
    const char *zh;
    const char *en;
};

static const struct word words[] = {
#define WORDS(list, field)
#define WORD(list, number, zh, en) {FORMS_WORDS_##list, number, zh, en},
#include "forms/words.def"
#undef WORD
#undef WORDS
};

static const enum field fields[FORMS_WORDS_END] = {
#define WORDS(list, field) [FORMS_WORDS_##list] = FIELD_##field,
#define WORD(list, number, zh, en)
#include "forms/words.def"
#undef WORD
#undef WORDS
};

/* Codes that events carry as reasons and destinations. */
struct code {
    const char *code;
    const char *zh;
    const char *en;
};

static const struct code codes[] = {
#define CODE(code, zh, en) {code, zh, en},
#include "forms/codes.def"
#undef CODE
};

enum field forms_words_field(enum forms_words list)
{
    return list > FORMS_WORDS_NONE && list < FORMS_WORDS_END ? fields[list] : FIELD_END;
}

const char *forms_word(enum forms_words list, uint64_t number, bool english)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].list == list && words[i].number == number) {
            return english ? words[i].en : words[i].zh;
        }
    }
    return "";
}

uint64_t forms_word_after(enum forms_words list, uint64_t number)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].list == list && words[i].number > number) {
            return words[i].number;
        }
    }
    return 0;
}

const char *forms_code(struct span code, bool english)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (span_equal(code, span_text(codes[i].code))) {
            return english ? codes[i].en : codes[i].zh;
        }
    }
    return "";
}
