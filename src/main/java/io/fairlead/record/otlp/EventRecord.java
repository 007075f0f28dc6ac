package io.fairlead.record.otlp;

import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.resources.Resource;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * An event as a log record: its text is the body, what it is made of are attributes, each with
 * {@code fairlead.} in front.
 */
record EventRecord(
    Origin origin, String name, long nanos, Severity severity, String text, Attributes attributes)
    implements LogRecordData {
  private static final String OURS = "fairlead.";
  private static final Pattern CAPITAL = Pattern.compile("(?<=.)([A-Z])");

  EventRecord(Origin origin, EventLog.Entry entry) {
    this(
        origin,
        OURS + word(entry.event().getClass().getSimpleName()),
        TimeUnit.MILLISECONDS.toNanos(entry.epochMillis()),
        entry.event().tone().equals("bad") ? Severity.WARN : Severity.INFO,
        entry.event().text(),
        attributes(entry.event()));
  }

  private static String word(String camel) {
    return CAPITAL.matcher(camel).replaceAll("_$1").toLowerCase(Locale.ROOT);
  }

  private static Attributes attributes(Event event) {
    AttributesBuilder all = Attributes.builder();
    all.put("fairlead.tone", event.tone());
    for (RecordComponent part : event.getClass().getRecordComponents()) {
      String key = OURS + word(part.getName());
      switch (value(part, event)) {
        case Double real -> all.put(key, real);
        case Number whole -> all.put(key, whole.longValue());
        case Boolean flag -> all.put(key, flag);
        case Collection<?> some ->
            all.put(key, some.stream().map(Object::toString).toArray(String[]::new));
        case Object other -> all.put(key, other.toString());
      }
    }
    return all.build();
  }

  private static Object value(RecordComponent part, Event event) {
    try {
      return part.getAccessor().invoke(event);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("an event cannot be read", e);
    }
  }

  @Override
  public String getEventName() {
    return name;
  }

  @Override
  public long getTimestampEpochNanos() {
    return nanos;
  }

  @Override
  public long getObservedTimestampEpochNanos() {
    return nanos;
  }

  @Override
  public SpanContext getSpanContext() {
    return SpanContext.getInvalid();
  }

  @Override
  public Severity getSeverity() {
    return severity;
  }

  @Override
  public String getSeverityText() {
    return severity.name();
  }

  @Override
  public Value<?> getBodyValue() {
    return Value.of(text);
  }

  @Override
  @Deprecated // the SDK has it still, and nobody asks for it
  public io.opentelemetry.sdk.logs.data.Body getBody() {
    return io.opentelemetry.sdk.logs.data.Body.string(text);
  }

  @Override
  public Attributes getAttributes() {
    return attributes;
  }

  @Override
  public int getTotalAttributeCount() {
    return attributes.size();
  }

  @Override
  public InstrumentationScopeInfo getInstrumentationScopeInfo() {
    return origin.scope;
  }

  @Override
  public Resource getResource() {
    return origin.resource;
  }
}
