from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):
    site_title = "IoTSphere"
    site_header = "IoTSphere"
    index_title = "Overview"
