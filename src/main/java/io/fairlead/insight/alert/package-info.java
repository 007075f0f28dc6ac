/**
 * Rules: when somebody wants to be told, of what, and in how many messages.
 *
 * <p>Pure: figures, how things are and the time are arguments, so that the rule that watches now is
 * the one that is tried on last week. Start reading at {@link
 * io.fairlead.insight.alert.AlertEngine}: {@link io.fairlead.insight.alert.Judge} says what holds,
 * {@link io.fairlead.insight.alert.RuleWatch} what fires, {@link
 * io.fairlead.insight.alert.MessageGroups} who hears of it when.
 */
@NullMarked
package io.fairlead.insight.alert;

import org.jspecify.annotations.NullMarked;
