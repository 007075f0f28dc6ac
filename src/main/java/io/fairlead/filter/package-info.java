/**
 * What a filter sees of Fairlead: a few interfaces that a user's classes are compiled against, from
 * this jar alone. {@link io.fairlead.filter.FilterFactory} is what the configuration names, {@link
 * io.fairlead.filter.QuickFilter} and {@link io.fairlead.filter.WaitingFilter} are the two kinds.
 *
 * <p>Nothing here uses anything but the JDK, and nothing else of Fairlead is seen by a filter. What
 * stands here stays: within one {@link io.fairlead.filter.FilterApi#VERSION} methods are added and
 * never changed or taken away.
 */
@NullMarked
package io.fairlead.filter;

import org.jspecify.annotations.NullMarked;
