package io.fairlead.record.otlp;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;

/** Who says all of it. */
final class Origin {
  final Resource resource;
  final InstrumentationScopeInfo scope;

  Origin(OtlpExport.Sender sender) {
    resource =
        Resource.create(
            Attributes.builder()
                .put("service.name", "fairlead")
                .put("service.version", sender.version())
                .put("service.instance.id", sender.host() + ":" + sender.pid())
                .put("host.name", sender.host())
                .build());
    scope = InstrumentationScopeInfo.builder("io.fairlead").setVersion(sender.version()).build();
  }
}
