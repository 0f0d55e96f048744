/* owner.h - whose a SIP handle is: the first member of everything that is bound to one.  Thread: the loop's. */
#ifndef SIGNALING_PHONE_OWNER_H
#define SIGNALING_PHONE_OWNER_H

typedef enum { TEL_OWNER_NONE = 0, TEL_OWNER_TRUNK, TEL_OWNER_CALL } tel_owner_kind;

typedef struct {
    tel_owner_kind kind;
} tel_owner;

#endif
