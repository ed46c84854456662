/* backup/redact: a statement without what may be secret in it, for logs and reports. */
#ifndef BACKUP_REDACT_H
#define BACKUP_REDACT_H

/* Ends it behind the words PASSWORD and OPTIONS, CONNECTION of a subscription, and TO of a setting
 * whose name has a dot: an application's, which may be anything. */
void redact(char *text);

#endif
