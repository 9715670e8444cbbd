#include "views/views.h"

struct word {
    enum views_words list;
    uint64_t number;
    const char *zh;
    const char *en;
};

static const struct word words[] = {
#define WORDS(list)
#define WORD(list, number, zh, en) {VIEWS_WORDS_##list, number, zh, en},
#include "views/words.def"
#undef WORD
#undef WORDS
};

static const struct word *word_of(enum views_words list, uint64_t number)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].list == list && words[i].number == number) {
            return &words[i];
        }
    }
    return NULL;
}

const char *views_word_zh(enum views_words list, uint64_t number)
{
    const struct word *word = word_of(list, number);
    return word == NULL ? "" : word->zh;
}

const char *views_word_en(enum views_words list, uint64_t number)
{
    const struct word *word = word_of(list, number);
    return word == NULL ? "" : word->en;
}
