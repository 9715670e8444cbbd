#include "rules/machines.h"

#include "rules/engine.h"

static const struct rule_machine *const all_machines[MACHINE_END] = {
    [MACHINE_CONTACT] = &machine_contact,       [MACHINE_CASE] = &machine_case,
    [MACHINE_REQUEST] = &machine_request,       [MACHINE_TASK] = &machine_task,
    [MACHINE_DELEGATION] = &machine_delegation, [MACHINE_NOTE] = &machine_note,
#define MACHINE(id, name) [MACHINE_##id] = &machine_##name,
#include "rules/office.def"
#undef MACHINE
};

const struct rule_machine *rule_machine(enum machine_id id)
{
    return (unsigned)id < MACHINE_END ? all_machines[id] : NULL;
}

enum rule_readers rule_readers(enum machine_id id)
{
    const struct rule_machine *machine = rule_machine(id);
    return machine == NULL ? RULE_READERS_OFFICE : machine->readers;
}
