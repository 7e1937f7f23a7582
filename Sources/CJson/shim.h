/* json-c as a module. */
#ifndef DAXPROV_CJSON_H
#define DAXPROV_CJSON_H
#include <json-c/json.h>
#endif
