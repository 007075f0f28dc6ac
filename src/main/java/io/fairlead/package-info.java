/** The house as a whole: starts the rooms in order, stops them in reverse. */
@NullMarked
package io.fairlead;

import org.jspecify.annotations.NullMarked;
