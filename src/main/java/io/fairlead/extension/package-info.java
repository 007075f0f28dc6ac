/**
 * Classes of others, from jars that the configuration names: {@link
 * io.fairlead.extension.FilterLoader} reads them, each jar by a class loader of its own that shows
 * it the JDK and {@link io.fairlead.filter} and nothing else of this process; {@link
 * io.fairlead.extension.LoadedFilter} is one that can be asked, with what is counted about it.
 *
 * <p>Who asks it is the data plane. Nothing here knows of requests. What is loaded can do what this
 * process can do: the walls keep versions of libraries apart and mistakes in, not malice.
 */
@NullMarked
package io.fairlead.extension;

import org.jspecify.annotations.NullMarked;
