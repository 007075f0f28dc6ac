package io.fairlead.config;

import java.nio.file.Path;
import java.util.Map;

/**
 * Everything one instance is told.
 *
 * @param admin where dashboard, API and metrics are served
 * @param data folder for state; relative to the configuration file
 * @param runtime event loops and transport; changes need a restart
 * @param listeners by name, in file order
 * @param services by name, in file order
 */
public record FairleadConfig(
    AdminConfig admin,
    Path data,
    RuntimeConfig runtime,
    Map<String, ListenerConfig> listeners,
    Map<String, ServiceConfig> services) {}
