package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig.Level;
import java.util.Map;

/**
 * What a rule sees of one thing it looks at, at one time.
 *
 * @param labels which thing
 * @param met the condition holds
 * @param over what was fires no longer has a reason to
 * @param value what was compared
 * @param text what is the matter, for people
 * @param level how much it matters
 */
record Finding(
    Map<String, String> labels,
    boolean met,
    boolean over,
    double value,
    String text,
    Level level) {}
