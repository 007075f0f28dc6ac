package io.fairlead.alert;

import io.fairlead.insight.alert.Message;

/**
 * A message on its way.
 *
 * @param tries so far
 */
record Waiting(Message message, int tries) {}
