/**
 * Records as they come, to whoever looks on: {@link io.fairlead.record.tail.LiveTail} gets each
 * record from the recorder's thread, asks it for itself whether it is meant, and passes it on as
 * JSON. A condition means here what it means in SQL, and a test compares the two.
 *
 * <p>Nothing here waits, and records that nobody follows cost the look at an empty array.
 */
@NullMarked
package io.fairlead.record.tail;

import org.jspecify.annotations.NullMarked;
