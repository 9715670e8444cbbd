#include "rules/machine_case.h"

/* What is known of one material of a case. */
struct material {
    struct span code;
    uint64_t form;
    uint64_t status;
    struct span reason;
};

static struct material material_at(const struct values *facts, uint16_t place)
{
    return (struct material){
        .code = values_bytes(facts, FIELD_materials_code, place),
        .form = values_number(facts, FIELD_materials_form, place),
        .status = values_number(facts, FIELD_materials_status, place),
        .reason = values_bytes(facts, FIELD_materials_reason, place),
    };
}

/* Place of the material in a list; the list's length when it is not there. */
static uint16_t material_place(const struct values *facts, struct span code)
{
    uint16_t count = values_places(facts, FIELD_materials_code);
    uint16_t place = 0;
    while (place < count && !span_equal(values_bytes(facts, FIELD_materials_code, place), code)) {
        place++;
    }
    return place;
}

/* As the record stands after the event: what the event says, else what was known. */
static struct material material_after(const struct rule_input *input, struct span code)
{
    uint16_t place = material_place(input->event->facts, code);
    if (place < values_places(input->event->facts, FIELD_materials_code)) {
        return material_at(input->event->facts, place);
    }
    if (input->before == NULL) {
        return (struct material){.code = code};
    }
    place = material_place(&input->before->facts, code);
    return material_at(&input->before->facts, place);
}

/* form 0: as the catalogue asks. */
static bool material_form_fits(const struct catalogue_material *asked, const struct material *given)
{
    if (given->form == 0 || given->form == MATERIAL_FORM_ORIGINAL) {
        return true;
    }
    switch (asked->form) {
    case CATALOGUE_ORIGINAL:
    case CATALOGUE_SHOWN:
        return given->status == MATERIAL_STATUS_SHOWN;
    case CATALOGUE_COPY:
        return given->form == MATERIAL_FORM_COPY;
    case CATALOGUE_ELECTRONIC:
        return true;
    }
    return false;
}

static bool material_is_there(const struct material *material)
{
    return material->status == MATERIAL_STATUS_PRESENT || material->status == MATERIAL_STATUS_SHOWN;
}

bool case_materials_complete(const struct rule_input *input, const struct catalogue_item *item)
{
    for (uint32_t i = 0; item != NULL && i < item->material_count; i++) {
        const struct catalogue_material *asked = &item->material[i];
        struct material given = material_after(input, span_text(asked->code));
        if (asked->required && (!material_is_there(&given) || !material_form_fits(asked, &given))) {
            return false;
        }
    }
    return item != NULL;
}

bool case_guard_materials_complete(const struct rule_input *input)
{
    return case_materials_complete(input, input->item);
}

static uint16_t materials_length(const struct values *facts)
{
    static const enum field fields[] = {FIELD_materials_code, FIELD_materials_form,
                                        FIELD_materials_pages, FIELD_materials_status,
                                        FIELD_materials_reason};
    uint16_t length = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint16_t places = values_places(facts, fields[i]);
        length = places > length ? places : length;
    }
    return length;
}

static const struct catalogue_item *material_item(const struct rule_input *input)
{
    if (input->event->verb == CASE_CORRECTED &&
        input_number(input, FIELD_correction) == CASE_CORRECTION_ITEM) {
        return catalogue_item_find(input->world->catalogue, input_bytes(input, FIELD_item));
    }
    return input->item;
}

/* Nobody may ask for, or list, what the catalogue does not (T24). */
bool case_guard_materials_listed(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    if (input->event->machine != MACHINE_CASE) {
        return true;
    }
    uint16_t length = materials_length(facts);
    const struct catalogue_item *item = length != 0 ? material_item(input) : NULL;
    for (uint16_t place = 0; place < length; place++) {
        struct material material = material_at(facts, place);
        if (material.code.size == 0 || material_place(facts, material.code) != place ||
            material.status < MATERIAL_STATUS_PRESENT || material.status > MATERIAL_STATUS_SHOWN ||
            material.form > MATERIAL_FORM_ELECTRONIC) {
            return false;
        }
        /* An unknown item is refused by its own guard. */
        if (item != NULL && catalogue_material_find(item, material.code) == NULL) {
            return false;
        }
    }
    return true;
}

/* Told at once and completely: each lacking material is on the list, with its reason [S4:450]. */
bool case_guard_list_full(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t length = values_places(facts, FIELD_materials_code);
    bool lacks_any = false;
    for (uint16_t place = 0; place < length; place++) {
        struct material material = material_at(facts, place);
        bool lacks = !material_is_there(&material);
        lacks_any = lacks_any || lacks;
        if (lacks && material.reason.size == 0) {
            return false;
        }
    }
    for (uint32_t i = 0; input->item != NULL && i < input->item->material_count; i++) {
        const struct catalogue_material *asked = &input->item->material[i];
        struct material given = material_after(input, span_text(asked->code));
        bool fits = material_is_there(&given) && material_form_fits(asked, &given);
        bool told =
            material_place(facts, span_text(asked->code)) < length && !material_is_there(&given);
        if (asked->required && !fits && !told) {
            return false;
        }
    }
    return lacks_any && input->item != NULL;
}

void case_store_materials(struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    struct values *after = &input->after->facts;
    uint16_t length = values_places(facts, FIELD_materials_code);
    for (uint16_t i = 0; i < length; i++) {
        struct material material = material_at(facts, i);
        uint16_t place = material_place(after, material.code);
        values_set_bytes(after, FIELD_materials_code, place, material.code);
        values_set_number(after, FIELD_materials_form, place, material.form);
        values_set_number(after, FIELD_materials_pages, place,
                          values_number(facts, FIELD_materials_pages, i));
        values_set_number(after, FIELD_materials_status, place, material.status);
        values_set_bytes(after, FIELD_materials_reason, place, material.reason);
    }
}
