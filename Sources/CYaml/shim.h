/* libyaml, used by its event interface. */
#include <yaml.h>
