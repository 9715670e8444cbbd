#include "wire/json.h"

extern const uint8_t wire_openapi_start[];
extern const uint8_t wire_openapi_end[];

struct span wire_openapi_json(void)
{
    uintptr_t size = (uintptr_t)wire_openapi_end - (uintptr_t)wire_openapi_start;
    return span_of(wire_openapi_start, (size_t)size);
}
