#include "CNdctl.h"
