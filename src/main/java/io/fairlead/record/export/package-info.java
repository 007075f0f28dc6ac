/**
 * Copies of all records for somebody else, where one machine is outgrown: {@link
 * io.fairlead.record.export.Exports} follows the folder of parts, sends their rows in the order in
 * which they were written, and remembers on disk how far it has come.
 *
 * <p>What is not sent is still in the folder: whoever takes it may be slow, or away, for as long as
 * records are kept. What is removed before it was sent is counted. Neither recorder nor event loops
 * have anything to do with it.
 */
@NullMarked
package io.fairlead.record.export;

import org.jspecify.annotations.NullMarked;
