#include "forms/inside.h"

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

const char *forms_word(const struct forms_work *work, enum views_words list, uint64_t number)
{
    return work->input->english ? views_word_en(list, number) : views_word_zh(list, number);
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
