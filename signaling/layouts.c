#include "signaling/layouts.h"

#include "mcu/base/log.h"
#include "signaling/supervisor.h"

static mcu_layouts *read_folder(const char *folder, GError **error)
{
    if (g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        return mcu_layouts_load(folder, error);
    }
    mcu_warn("layouts.none", "folder=%s", folder);
    return mcu_layouts_parse(NULL, error);
}

bool sig_layouts_open(sig_gateway *g, const char *assets, GError **error)
{
    g->layouts_folder = g_build_filename(assets, "layouts", NULL);
    g->layouts = read_folder(g->layouts_folder, error);
    if (g->layouts) {
        return true;
    }
    g->layouts = mcu_layouts_parse(NULL, NULL);
    return false;
}

bool sig_layouts_check(const char *assets, GError **error)
{
    g_autofree char *folder = g_build_filename(assets, "layouts", NULL);
    mcu_layouts *layouts = read_folder(folder, error);
    mcu_layouts_free(layouts);
    return layouts != NULL;
}

void sig_layouts_close(sig_gateway *g)
{
    mcu_layouts_free(g->layouts);
    g->layouts = NULL;
    g_clear_pointer(&g->layouts_folder, g_free);
}

void sig_layouts_reload(sig_gateway *g)
{
    g_autoptr(GError) error = NULL;
    mcu_layouts *fresh = read_folder(g->layouts_folder, &error);
    if (!fresh) {
        mcu_error_log("layouts.reload", "error=\"%s\"", error->message);
        return;
    }
    mcu_layouts_free(g->layouts);
    g->layouts = fresh;
    g_autofree char *names = mcu_layouts_names(fresh);
    mcu_info("layouts.reloaded", "layouts=\"%s\"", names);
    sig_supervisor_layouts_changed(g->supervisor);
}

bool sig_layouts_known(const sig_gateway *g, const char *name)
{
    return mcu_layouts_find(g->layouts, name) != NULL;
}

char *sig_layouts_problem(const sig_gateway *g, const char *member)
{
    g_autofree char *names = mcu_layouts_names(g->layouts);
    return g_strdup_printf("%s: there is no such layout; there are %s", member, names);
}
