/**
 * What lines of the nodes' own logs have in common: each line is of a pattern, the words that stay
 * the same with {@code <*>} where lines differ. Found as Drain does it [1]; then counted, so that a
 * pattern that was never there before, or comes much more often than usual, is noticed.
 *
 * <p>Pure: no I/O, no clock, no thread; callers come from several threads and take turns. All is
 * bounded: patterns, places where they occur, what is looked at of a line. Start reading at {@link
 * io.fairlead.insight.pattern.LinePatterns}.
 *
 * <p>[1] P. He, J. Zhu, Z. Zheng, M. Lyu, Drain: An Online Log Parsing Approach with Fixed Depth
 * Tree, ICWS 2017.
 */
@NullMarked
package io.fairlead.insight.pattern;

import org.jspecify.annotations.NullMarked;
